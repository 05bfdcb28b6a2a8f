// The recording as a line that can be walked through by keys. Without this file the browser's own player stands there.
(() => {
  const root = document.querySelector(".recording[data-peaks]");
  const audio = root?.querySelector("audio");
  if (!audio) return;
  const SPEEDS = [0.75, 1, 1.25, 1.5, 2], STEP = 5;
  const find = (name) => root.querySelector(`[data-key="${name}"]`);
  const now = root.querySelector(".now");

  const said = (seconds) => {
    const whole = Math.floor(seconds), two = (number) => String(number).padStart(2, "0");
    return whole >= 3600 ? `${Math.floor(whole / 3600)}:${two(Math.floor(whole % 3600 / 60))}:${two(whole % 60)}`
      : `${Math.floor(whole / 60)}:${two(whole % 60)}`;
  };
  const go = (seconds) => {
    const end = Number.isFinite(audio.duration) ? audio.duration : Number.MAX_SAFE_INTEGER;
    audio.currentTime = Math.max(0, Math.min(seconds, end));
    now.textContent = said(audio.currentTime);
  };
  const toggle = () => (audio.paused ? audio.play() : audio.pause());
  const hurry = (speed) => { audio.playbackRate = SPEEDS.includes(speed) ? speed : 1; };

  // A form that stands beside the recording takes the second: the field last written in, or else the first.
  const fields = () => [...document.querySelectorAll("input[data-seconds], textarea[data-seconds]")];
  let last = null;
  document.addEventListener("focusin", (event) => { if (event.target.matches?.("[data-seconds]")) last = event.target; });
  const mark = () => {
    const field = last?.isConnected ? last : fields().find((one) => one.offsetParent !== null);
    if (!field) return;
    field.value = [field.value.trim(), said(audio.currentTime)].filter(Boolean).join(", ");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    now.textContent = `${said(audio.currentTime)} ✓`;
  };

  root.querySelector(".keys").hidden = false;
  find("mark").hidden = fields().length === 0;
  find("play").addEventListener("click", toggle);
  find("back").addEventListener("click", () => go(audio.currentTime - STEP));
  find("on").addEventListener("click", () => go(audio.currentTime + STEP));
  find("mark").addEventListener("click", mark);
  find("speed").addEventListener("change", (event) => hurry(Number(event.target.value)));
  audio.addEventListener("timeupdate", () => { now.textContent = said(audio.currentTime); });
  audio.addEventListener("play", () => root.classList.add("playing"));
  for (const name of ["pause", "ended"]) audio.addEventListener(name, () => root.classList.remove("playing"));
  root.addEventListener("click", (event) => {
    const place = event.target.closest("[data-at]");
    if (!place) return;
    event.preventDefault();
    go(Number(place.dataset.at));
    audio.play();
  });

  const DOES = { " ": toggle, ArrowLeft: () => go(audio.currentTime - STEP), ArrowRight: () => go(audio.currentTime + STEP), m: mark };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || event.defaultPrevented) return;
    if (localStorage.getItem("keys") === "off" && event.key === "m") return;
    if (event.target.closest("input, textarea, select, button, summary, a, audio, dialog, .scrolls, [contenteditable]")) return;
    const does = DOES[event.key];
    if (does) { event.preventDefault(); does(); }
  });

  const colours = () => {
    const style = getComputedStyle(document.documentElement);
    return {
      waveColor: style.getPropertyValue("--bs-secondary-color").trim(),
      progressColor: style.getPropertyValue("--bs-primary").trim(),
      cursorColor: style.getPropertyValue("--bs-body-color").trim(),
    };
  };
  const draw = async () => {
    const answer = await fetch(root.dataset.peaks, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const told = await answer.json();
    if (!told.peaks.length || !window.WaveSurfer) return;
    const wave = root.querySelector(".wave");
    wave.hidden = false;
    const regions = WaveSurfer.Regions.create();
    const line = WaveSurfer.create({
      container: wave, media: audio, peaks: [told.peaks.map((loud) => loud / 100)], duration: told.duration_s,
      height: 76, barWidth: 2, barGap: 1, barRadius: 1, normalize: true, cspNonce: root.dataset.nonce,
      plugins: [regions], ...colours(),
    });
    // A place is reckoned from the length, which the line knows only now.
    await new Promise((ready) => line.once("ready", ready));
    const warning = getComputedStyle(document.documentElement).getPropertyValue("--bs-warning").trim();
    let named = -Infinity; // labels that would lie on one another are left out; all stand below the line
    for (const place of root.querySelectorAll(".marks [data-at]")) {
      const at = Number(place.dataset.at), room = told.duration_s / 16;
      const label = at - named < room ? undefined : document.createElement("span");
      if (label) {
        named = at;
        label.textContent = place.dataset.who;
        label.style.fontSize = "11px";
      }
      regions.addRegion({ start: at, content: label, drag: false, resize: false, color: warning });
    }
    root.classList.add("drawn");
    new MutationObserver(() => line.setOptions(colours())).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
  };
  draw().catch((problem) => console.warn("the recording could not be drawn", problem));
})();
