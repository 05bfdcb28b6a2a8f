// A file that is sent says how far it is. Without this file the browser sends the form by itself and says nothing.
(() => {
  const KIB = 1024, MIB = 1024 * 1024;
  const number = new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

  const size = (bytes, whole) => (whole < MIB ? `${number.format(bytes / KIB)} KB` : `${number.format(bytes / MIB)} MB`);

  function send(form) {
    const place = form.querySelector(".sending"), bar = place.querySelector("progress");
    const [seen, heard] = place.querySelectorAll(".told, [role=status]"), button = form.querySelector("button");
    const request = new XMLHttpRequest();
    let quarter = -1;
    const rest = () => { button.disabled = false; place.hidden = true; };
    const lost = () => { rest(); form.querySelector(".lost").hidden = false; };
    const say = (words) => { heard.textContent = seen.textContent = words; };

    form.querySelector(".lost").hidden = true;
    place.hidden = false;
    place.scrollIntoView({ block: "nearest" });
    bar.value = 0;
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      const words = place.dataset.sent.replace("{sent}", size(loaded, total)).replace("{whole}", size(total, total));
      bar.value = loaded / total;
      seen.textContent = words;
      // Said aloud four times on the way; more would never let a listener listen to anything else.
      if (Math.floor(4 * bar.value) > quarter) say(words);
      quarter = Math.max(quarter, Math.floor(4 * bar.value));
    });
    request.upload.addEventListener("load", () => {
      bar.removeAttribute("value");
      say(place.dataset.checked);
    });
    request.addEventListener("load", () => arrived(request, form.action, lost));
    request.addEventListener("error", lost);
    addEventListener("pagehide", rest, { once: true });
    request.open("POST", form.action);
    request.send(new FormData(form));
    button.disabled = true;
  }

  // Led elsewhere, one goes there; else the page says what is wrong.
  function arrived(request, sentTo, lost) {
    if (request.responseURL !== sentTo.split("#")[0]) { location.assign(request.responseURL); return; }
    const page = new DOMParser().parseFromString(request.responseText, "text/html");
    const content = page.getElementById("content");
    if (!content) { lost(); return; }
    document.title = page.title;
    document.getElementById("content").replaceWith(content);
    document.getElementById("problem")?.focus();
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-uploads]") || !form.querySelector("input[type=file]").files.length) return;
    event.preventDefault();
    send(form);
  });
})();
