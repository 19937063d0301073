import { useEffect, useState } from "preact/hooks";
import { photo } from "../../shared/api";
import { t } from "../../shared/texts";
import type { PhotoName } from "../sheet";
import { refusedToken } from "../store";

/** Photos come with the token in a header, so they are shown as blobs. */
export function Photos({ photos }: { photos: PhotoName[] }) {
  return <ul class="photos">{photos.map((one, index) => <li key={one.id}><Photo name={one} n={index + 1} /></li>)}</ul>;
}

function Photo({ name, n }: { name: PhotoName; n: number }) {
  const [url, setUrl] = useState<string | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    let made: string | null = null;
    let gone = false;
    photo(name.id, "thumb").then(
      (blob) => {
        if (gone) return;
        made = URL.createObjectURL(blob);
        setUrl(made);
      },
      (error: unknown) => refusedToken(error) || setFailed(true),
    );
    return () => {
      gone = true;
      if (made) URL.revokeObjectURL(made);
    };
  }, [name.id]);
  const openFull = async (): Promise<void> => {
    try {
      const whole = URL.createObjectURL(await photo(name.id, "full"));
      window.open(whole, "_blank", "noopener");
      setTimeout(() => URL.revokeObjectURL(whole), 60_000);
    } catch (error) {
      if (!refusedToken(error)) setFailed(true);
    }
  };
  if (failed) return <span class="soft">{t("photoFailed")}</span>;
  if (!url) return <span class="soft">{t("loading")}</span>;
  return (
    <button type="button" class="photo" aria-label={t("openPhoto", { n })} onClick={() => void openFull()}>
      <img src={url} alt={t("photoOf", { n, from: t(`photo_${name.from}`) })} />
    </button>
  );
}
