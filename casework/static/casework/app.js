// Keys, and nothing that a page needs to be read: without this file everything works by links and buttons.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, textarea, select")) return;
  if (event.key === "/") {
    const finder = document.getElementById("q");
    if (finder) { event.preventDefault(); finder.focus(); finder.select(); }
  }
});
document.getElementById("problem")?.focus();
