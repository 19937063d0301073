import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../../shared/texts";
import { PHASES } from "../cases";
import type { CityMap } from "../map/map";
import { mapFailed } from "../store";

/** The map once it is there; forms ask it for its middle. */
export const cityMap = signal<CityMap | null>(null);
const impossible = signal(false);

export function MapView() {
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let gone = false;
    // A third of a megabyte: it comes after the list is there.
    void import("../map/map").then(({ CityMap }) => {
      if (gone || !frame.current) return;
      try {
        cityMap.value = new CityMap(frame.current);
        impossible.value = false;
      } catch {
        impossible.value = true;
      }
    }, () => (impossible.value = true));
    return () => {
      gone = true;
      cityMap.value?.remove();
      cityMap.value = null;
    };
  }, []);
  return (
    <section id="map-frame" aria-label={t("subtitle")}>
      <div id="map" ref={frame} />
      {impossible.value && <p class="over-map" role="alert">{t("noMap")}</p>}
      {mapFailed.value && <p class="over-map" role="status">{t("mapFailed")}</p>}
      <Legend />
    </section>
  );
}

function Legend() {
  return (
    <details id="legend">
      <summary>{t("legend")}</summary>
      <ul>
        {PHASES.map((phase) => <li key={phase}><span class={`mark ${phase}`} aria-hidden="true" />{t(`phase_${phase}`)}</li>)}
        <li><span class="mark handling is-late" aria-hidden="true" />{t("legendLate")}</li>
        <li><span class="mark cluster is-late" aria-hidden="true" />{t("legendCluster")}</li>
        <li><span class="mark ring" aria-hidden="true" />{t("legendChosen")}</li>
        <li><span class="mark part" aria-hidden="true" />{t("legendPart")}</li>
        <li><span class="mark building" aria-hidden="true" />{t("legendBuilding")}</li>
      </ul>
    </details>
  );
}
