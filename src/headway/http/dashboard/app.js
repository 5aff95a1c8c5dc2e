// Chooses the page by its address, and lets nobody in unknown.

import { html, render, useEffect, useErrorBoundary } from "./core/html.js";
import { usePlace } from "./core/router.js";
import { session } from "./core/session.js";
import { useTopic } from "./core/topic.js";
import { Later } from "./parts/later.js";
import { Empty } from "./parts/notice.js";
import { Shell } from "./parts/shell.js";
import { SignIn } from "./parts/signin.js";

const jobsPage = () => import("./jobs/table.js");
const jobPage = () => import("./jobs/page.js");
const catalogPage = () => import("./catalog/list.js");
const datasetPage = () => import("./catalog/datasets.js");
const modelPage = () => import("./catalog/models.js");
const workersPage = () => import("./workers/page.js");
const submitPage = () => import("./submit/page.js");
const referencePage = () => import("./reference/page.js");

function App() {
  const who = useTopic(session);
  const { steps } = usePlace();
  const page = steps.length ? steps.join("/") : "jobs";
  const [broken, mend] = useErrorBoundary((error) => console.error(error));
  useEffect(mend, [page]); // another page may be whole
  if (location.pathname === "/docs") {
    return html`<${Shell} page="api"><${Later} load=${referencePage} /><//>`;
  }
  if (!who) return html`<${Shell} page=""><${SignIn} /><//>`;
  return html`<${Shell} page=${page}>
    ${broken ? html`<${Broken} />` : html`<${Page} key=${who.username} steps=${steps} />`}
  <//>`;
}

function Page({ steps: [section = "jobs", name] }) {
  if (section === "jobs" && name) return html`<${Later} load=${jobPage} key=${name} id=${name} />`;
  if (section === "jobs") return html`<${Later} load=${jobsPage} key="jobs" />`;
  if (section === "new") return html`<${Later} load=${submitPage} key=${name} operation=${name} />`;
  if (section === "datasets" && name) return html`<${Later} load=${datasetPage} key=${name} reference=${name} />`;
  if (section === "models" && name) return html`<${Later} load=${modelPage} key=${name} reference=${name} />`;
  if (section === "datasets") return html`<${Later} load=${catalogPage} key="datasets" kind="dataset" />`;
  if (section === "models") return html`<${Later} load=${catalogPage} key="models" kind="model" />`;
  if (section === "workers") return html`<${Later} load=${workersPage} />`;
  return html`<${Empty} level="h1" title="There is no such page.">
    <p><a href="#/jobs">Go to your jobs</a></p>
  <//>`;
}

function Broken() {
  return html`<div class="trouble" role="alert">
    <p>This page met a defect of its own. The console of the browser has it.</p>
    <button type="button" onClick=${() => location.reload()}>Load the page anew</button>
  </div>`;
}

render(html`<${App} />`, document.getElementById("app"));
