// What surrounds every page: where one can go, who one is, and the way past all that.

import { html, useEffect, useRef } from "../core/html.js";
import { focusHeading } from "../core/announce.js";
import { lastTop } from "../core/router.js";
import { session, signOut } from "../core/session.js";
import { THEMES, chooseTheme, theme } from "../core/theme.js";
import { useTopic } from "../core/topic.js";
import { words } from "../core/format.js";
import { Icon } from "./icons.js";

const PAGES = [
  ["jobs", "/#/jobs", "Jobs"],
  ["datasets", "/#/datasets", "Data"],
  ["models", "/#/models", "Models"],
  ["workers", "/#/workers", "Workers"],
  ["api", "/docs", "API"],
];

export function Shell({ page, children }) {
  const main = useRef(null);
  const isFirst = useRef(true);
  useEffect(() => {
    if (isFirst.current) {
      isFirst.current = false;
      return undefined;
    }
    window.scrollTo(0, lastTop());
    return lead(main.current);
  }, [page]);
  return html`
    <a class="skip" href="#main" onClick=${(event) => skip(event, main)}>Skip to the content</a>
    <header class="top">
      <a class="brand" href="/#/jobs"><${Mark} />Headway</a>
      <nav aria-label="Pages">
        ${PAGES.map(([name, address, word]) => html`<a
          key=${name}
          href=${address}
          aria-current=${page.startsWith(name) ? "page" : undefined}
        ><${Icon} name=${name} />${word}</a>`)}
      </nav>
      <${Corner} />
    </header>
    <main id="main" ref=${main} tabindex="-1">${children}</main>
  `;
}

// A new page begins at its heading, as soon as it has one, unless one has gone elsewhere by then.
function lead(main) {
  const chosen = document.activeElement;
  if (chosen !== main && main.contains(chosen)) return undefined; // the page has seen to it
  main.focus({ preventScroll: true });
  const observer = new MutationObserver(look);
  function look() {
    if (document.activeElement !== main || focusHeading(main)) observer.disconnect();
  }
  observer.observe(main, { childList: true, subtree: true });
  look();
  return () => observer.disconnect();
}

function skip(event, main) {
  event.preventDefault(); // the address names the page; a fragment would name another
  main.current.focus();
}

function Mark() {
  return html`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
    <rect width="32" height="32" rx="8" />
    <path d="M8 10h9M8 16h16M8 22h12" />
  </svg>`;
}

function Corner() {
  const who = useTopic(session);
  const chosen = useTopic(theme);
  const following = THEMES[(THEMES.indexOf(chosen) + 1) % THEMES.length];
  return html`<div class="corner">
    <button
      type="button"
      class="quiet"
      aria-label=${`Theme: ${chosen}. Change to ${following}`}
      title=${`Theme: ${chosen}`}
      onClick=${() => chooseTheme(following)}
    ><${Icon} name="theme" /><span class="wide" aria-hidden="true">${words(chosen)}</span></button>
    ${who && html`<span class="who">${who.username}</span>
      <button type="button" class="quiet" onClick=${() => signOut()} aria-label="Sign out">
        <${Icon} name="out" /><span class="wide">Sign out</span>
      </button>`}
  </div>`;
}
