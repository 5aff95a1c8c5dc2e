// Tells those who listen to the page what those who look at it see.

export function announce(sentence) {
  const announcer = document.getElementById("announcer");
  announcer.textContent = "";
  setTimeout(() => {
    announcer.textContent = sentence;
  }, 50); // the same sentence twice is said twice
}
