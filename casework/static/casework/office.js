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
