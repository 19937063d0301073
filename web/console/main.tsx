// The console: a live map of the city's cases, a list beside it, and one case's sheet.

import { effect } from "@preact/signals";
import { render } from "preact";
import { token } from "../shared/api";
import { language, t } from "../shared/texts";
import "./console.css";
import { lookAgain } from "./hearing";
import { signIn, takeGivenToken } from "./session";
import { keepAddress, readAddress } from "./address";
import { chosen, names, signInNote, tick } from "./store";
import { CaseList } from "./views/list";
import { FilterForm } from "./views/filters";
import { Header } from "./views/header";
import { MapView } from "./views/map";
import { Sheet } from "./views/sheet";
import { SignIn } from "./views/signin";

function Console() {
  if (!names.value) return <SignIn />;
  return (
    <>
      <a class="skip" href="#list" onClick={(event) => { event.preventDefault(); document.getElementById("list")?.focus(); }}>{t("toList")}</a>
      <Header />
      <main class={chosen.value ? "with-sheet" : ""}>
        <section id="left" aria-label={t("cases")}>
          <FilterForm />
          <CaseList />
        </section>
        <MapView />
        {chosen.value && <Sheet key={chosen.value} number={chosen.value} />}
      </main>
    </>
  );
}

effect(() => {
  document.documentElement.lang = language.value;
  document.title = `${t("title")} · ${t("subtitle")}`;
});
takeGivenToken();
readAddress();
keepAddress();
setInterval(() => {
  tick.value = Date.now();
  lookAgain();
}, 5000);
render(<Console />, document.getElementById("page") as HTMLElement);
// A token given to a page that is open already: it is taken out of the address there, too.
window.addEventListener("hashchange", () => {
  if (!new URLSearchParams(location.hash.slice(1)).has("token")) return;
  takeGivenToken();
  location.reload();
});
if (token.get()) {
  signInNote.value = t("signingIn");
  void signIn();
}
