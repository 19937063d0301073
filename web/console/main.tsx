// The console: a live map of the city's cases, a list beside it, and one case's sheet.

import { effect } from "@preact/signals";
import { render } from "preact";
import { token } from "../shared/api";
import { language, t } from "../shared/texts";
import "./console.css";
import "./pages.css";
import { lookAgain } from "./hearing";
import { signIn, takeGivenToken } from "./session";
import { keepAddress, readAddress } from "./address";
import { clearOnMove, together } from "./picking";
import { chosen, names, signInNote, tick, where } from "./store";
import { CalendarPage } from "./views/calendar";
import { CaseList } from "./views/list";
import { FilterForm } from "./views/filters";
import { Header } from "./views/header";
import { MapView } from "./views/map";
import { Queues } from "./views/queues";
import { Sheet } from "./views/sheet";
import { SignIn } from "./views/signin";
import { Together } from "./views/together";
import { WorkflowPage } from "./views/workflow";

function Console() {
  if (!names.value) return <SignIn />;
  return (
    <>
      <a class="skip" href={where.value.page === "map" ? "#list" : "#content"} onClick={skip}>{t(where.value.page === "map" ? "toList" : "toPage")}</a>
      <Header />
      <main id="content" tabIndex={-1} class={`${where.value.page}${chosen.value || together.value ? " with-sheet" : ""}`}>
        <OpenPage />
        {together.value && <Together hidden={chosen.value !== null} />}
        {chosen.value && <Sheet key={chosen.value} number={chosen.value} />}
      </main>
    </>
  );
}

function OpenPage() {
  switch (where.value.page) {
    case "queues": return <Queues />;
    case "workflow": return <WorkflowPage />;
    case "calendar": return <CalendarPage />;
    default: return (
      <>
        <section id="left" aria-label={t("cases")}>
          <FilterForm />
          <CaseList />
        </section>
        <MapView />
      </>
    );
  }
}

/** To the list of cases, or to what another page shows. The address stays what it is. */
function skip(event: Event): void {
  event.preventDefault();
  (document.getElementById("list") ?? document.getElementById("content"))?.focus();
}

effect(() => {
  document.documentElement.lang = language.value;
  document.title = `${t("title")} · ${t(where.value.page === "map" ? "subtitle" : `page_${where.value.page}`)}`;
});
takeGivenToken();
readAddress();
keepAddress();
clearOnMove();
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
