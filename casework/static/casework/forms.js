// What is typed into a form stays in this tab until it was recorded, so that neither a login that runs out nor a slip of
// the hand loses it; and a field that only matters beside one answer is shown with that answer.
(() => {
  const MARK = "draft ";
  const form = document.querySelector("form[data-draft]");
  const done = document.querySelector("[data-draft-done]");
  const keeps = (field) => field.name && !["hidden", "password", "file", "submit"].includes(field.type);

  function written() {
    const found = [];
    for (const field of form.elements) {
      if (!keeps(field)) continue;
      const answer = field.type === "checkbox" || field.type === "radio" ? field.checked : field.value;
      found.push([field.name, field.type === "radio" || field.type === "checkbox" ? field.value : "", answer]);
    }
    return JSON.stringify(found);
  }

  function restored(text) {
    const fields = [...form.elements].filter(keeps);
    for (const [name, value, answer] of JSON.parse(text)) {
      for (const field of fields.filter((each) => each.name === name)) {
        if (field.type === "checkbox" || field.type === "radio") {
          if (field.value === value) field.checked = answer;
        } else field.value = answer;
      }
    }
  }

  function follow() {
    for (const part of form.querySelectorAll("[data-shown-with]")) {
      const [name, value] = part.dataset.shownWith.split("=");
      const chosen = new FormData(form).get(name);
      part.hidden = chosen !== value;
      for (const field of part.querySelectorAll("input, textarea, select")) field.disabled = part.hidden;
    }
  }

  function keep(key) {
    try { sessionStorage.setItem(key, written()); } catch { /* a full or closed store loses nothing that is on the page */ }
  }

  if (form) {
    const key = MARK + form.dataset.draft, first = written(), kept = sessionStorage.getItem(key);
    if ("fresh" in form.dataset && kept && kept !== first) {
      restored(kept);
      document.getElementById("restored").hidden = false;
      document.getElementById("unsent")?.remove();
      document.getElementById("forget").addEventListener("click", () => {
        sessionStorage.removeItem(key);
        location.replace(location.pathname);
      });
    }
    follow();
    for (const event of ["input", "change"]) form.addEventListener(event, () => { follow(); keep(key); });
    if (!("fresh" in form.dataset)) keep(key);
  }
  if (done) {
    const from = sessionStorage.getItem("sent");
    if (from) { sessionStorage.removeItem(from); sessionStorage.removeItem("sent"); }
  }
  // The page that was recorded is known by the address it was sent from.
  document.addEventListener("submit", (event) => {
    const owner = document.querySelector("[data-owner]")?.dataset.owner;
    if (owner && event.submitter?.value === "send") sessionStorage.setItem("sent", `${MARK}${owner} ${location.pathname}`);
    if (event.target.action.endsWith("/logout"))
      for (const key of Object.keys(sessionStorage)) if (key.startsWith(MARK)) sessionStorage.removeItem(key);
  });
})();
