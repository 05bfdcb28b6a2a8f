// Keys, and nothing that a page needs to be read: without this file everything works by links and buttons.
const keys = document.getElementById("keys");

// Single keys get in the way of whoever speaks to the computer, so they can be turned off; a browser that keeps nothing
// leaves them on.
const kept = {
  get on() { try { return localStorage.getItem("keys") !== "off"; } catch { return true; } },
  set on(value) { try { localStorage.setItem("keys", value ? "on" : "off"); } catch { /* nothing is kept here */ } },
};

function step(by) {
  const rows = [...document.querySelectorAll("[data-row] a.number")];
  if (!rows.length) return false;
  const now = rows.findIndex((link) => link.closest("[data-row]").contains(document.activeElement));
  rows[now < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(now + by, 0), rows.length - 1)].focus();
  return true;
}

const commands = {
  "/": () => {
    const finder = document.getElementById("q");
    finder?.focus();
    finder?.select();
    return Boolean(finder);
  },
  "j": () => step(1),
  "k": () => step(-1),
  "o": () => {
    const link = document.activeElement?.closest("[data-row]")?.querySelector("a.number");
    link?.click();
    return Boolean(link);
  },
  "?": () => {
    keys?.showModal();
    return Boolean(keys);
  },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.defaultPrevented) return;
  if (event.target.closest("input, textarea, select, [contenteditable], dialog")) return;
  if (kept.on && Object.hasOwn(commands, event.key) && commands[event.key]()) event.preventDefault();
});

if (keys) {
  const open = document.getElementById("keys-open");
  const on = document.getElementById("keys-on");
  open.hidden = false;
  open.addEventListener("click", () => keys.showModal());
  document.getElementById("keys-close").addEventListener("click", () => keys.close());
  on.checked = kept.on;
  on.addEventListener("change", () => { kept.on = on.checked; });
}

// The QR code's address carries its code behind #, which browsers send to nobody.
const code = document.getElementById("code");
if (code && !code.value && /^#[0-9a-f]{32}$/.test(location.hash)) code.value = location.hash.slice(1);

document.getElementById("problem")?.focus();
