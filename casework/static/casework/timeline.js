// The switches of the case page without loading it again, and deadlines that open when one jumps to them.
(() => {
  const only = document.getElementById("only");
  only?.addEventListener("click", (event) => {
    event.preventDefault();
    const on = only.closest(".criteria-panel").classList.toggle("only-disputed");
    const address = new URL(location.href);
    address.searchParams.set("rows", on ? "disputed" : "all");
    history.replaceState(null, "", address);
    only.dataset.on = String(on);
    only.setAttribute("aria-pressed", String(on));
  });
  if (only) {
    only.setAttribute("role", "button");
    only.setAttribute("aria-pressed", only.dataset.on);
    only.addEventListener("keydown", (event) => { if (event.key === " ") { event.preventDefault(); only.click(); } });
  }
  const open = () => {
    const place = location.hash.length > 1 ? document.getElementById(location.hash.slice(1)) : null;
    if (place instanceof HTMLDetailsElement) place.open = true;
  };
  addEventListener("hashchange", open);
  document.addEventListener("click", (event) => {
    if (event.target.closest('a[href^="#clock-"]')) setTimeout(open);
  });
  open();
})();
