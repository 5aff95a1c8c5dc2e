// Tells and leads those who do not look at the page.

export function announce(sentence) {
  const announcer = document.getElementById("announcer");
  announcer.textContent = "";
  setTimeout(() => {
    announcer.textContent = sentence;
  }, 50); // the same sentence twice is said twice
}

// Where reading goes on when what had the focus is gone: at the head of the page.
export function focusHeading(page = document) {
  const heading = page.querySelector("h1");
  if (!heading) return false;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  return true;
}
