// What Unfold's templates ask of Alpine, whose build here evaluates no text as script: data under names, and stand-ins
// for the two globals that they mention.
(() => {
  const html = document.documentElement;
  if (html.dataset.theme === "system") {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const follow = () => html.classList.toggle("dark", dark.matches);
    dark.addEventListener("change", follow);
    follow();
  }
  // A list that is searched has no name of its own while nothing is chosen: it gets that of its field, whenever it comes.
  const nameLists = () => {
    for (const field of document.querySelectorAll("select.select2-hidden-accessible")) {
      const label = field.labels[0], chosen = field.nextElementSibling?.querySelector(".select2-selection__rendered");
      if (!label || !chosen) continue;
      label.id ||= `${field.id}-label`;
      chosen.setAttribute("aria-labelledby", label.id);
      chosen.closest(".select2-selection").setAttribute("aria-labelledby", `${label.id} ${chosen.id}`);
    }
  };
  new MutationObserver(nameLists).observe(html, { childList: true, subtree: true });
  document.addEventListener("alpine:init", () => {
    Alpine.data("light", () => ({ openModal: false, filterOpen: false, openAllApplications: false }));
    Alpine.data("frame", () => ({
      activeTab: "general",
      sidebarMobileOpen: false,
      sidebarDesktopOpen: localStorage.getItem("sidebarDesktopOpen") !== "0",
      localStorage: { setItem: (name, value) => localStorage.setItem(name, value) },
      window: { location: { pathname: location.pathname, search: location.search } },
    }));
    Alpine.data("searchForm", searchForm);
  });
})();
