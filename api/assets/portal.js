/* What the portal's pages can do beyond plain links: search, selection on the map, and views without a new page. */
(function () {
  "use strict";

  const VIEW_KEY = "parkplan.view"; // where the reader had moved the map, kept from horizon to horizon
  const app = window.Parkplan && window.Parkplan.maps[0];
  const panel = document.getElementById("panel");
  const record = document.querySelector("main.record");

  /* Names without tone marks, as layers.text.search_key makes them. */
  function searchKey(text) {
    return text.replace(/[đĐ]/g, "d").normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, " ").trim();
  }

  function search(input) {
    const words = searchKey(input.value).split(" ").filter(Boolean);
    let found = 0;
    for (const card of panel.querySelectorAll(".card")) {
      const hit = words.every((word) => card.dataset.search.includes(word));
      card.hidden = !hit;
      if (hit) found += 1;
    }
    const status = document.getElementById("park-found");
    status.textContent = !words.length ? "" : found ? input.dataset.found.replace("{n}", found) : input.dataset.none;
  }

  function mark(park, scroll) {
    for (const card of panel.querySelectorAll(".card[data-selected]")) {
      card.removeAttribute("data-selected");
      card.removeAttribute("aria-current");
    }
    const card = park && document.getElementById(`park-${park}`);
    if (!card) return;
    card.hidden = false;
    card.setAttribute("data-selected", "");
    card.setAttribute("aria-current", "true");
    // On a narrow window the list lies below the map: what was chosen there stays in sight.
    if (scroll && getComputedStyle(panel).overflowY !== "visible") {
      card.scrollIntoView({ block: "nearest", behavior: calm() ? "auto" : "smooth" });
    }
  }

  function calm() {
    return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  }

  function select(park) {
    mark(park, false);
    return Boolean(app && app.select("parks", park));
  }

  let turning = null; // the view asked for last: an answer to an earlier one comes too late

  /* Another view of the panel: the same page as the link's, of which only the panel is taken; the map stays. */
  async function turn(url, remember) {
    if (turning) turning.abort();
    const mine = new AbortController();
    turning = mine;
    panel.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(url, { headers: { Accept: "text/html" }, signal: mine.signal });
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      const text = await answer.text();
      if (mine.signal.aborted) return;
      const page = new DOMParser().parseFromString(text, "text/html");
      for (const id of ["panel", "bar"]) document.getElementById(id).replaceChildren(...page.getElementById(id).childNodes);
      document.title = page.title;
      document.body.dataset.view = page.body.dataset.view;
      document.body.dataset.park = page.body.dataset.park;
      if (remember) window.history.pushState({ panel: true }, "", url);
      panel.scrollTop = 0;
    } catch (error) {
      if (!mine.signal.aborted) window.location.assign(url);
    } finally {
      if (mine === turning) panel.removeAttribute("aria-busy");
    }
  }

  function plain(event) {
    return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("a");
    if (!link || !plain(event)) return;
    if (link.dataset.select && !record && select(link.dataset.select)) {
      event.preventDefault();
    } else if ("panel" in link.dataset && panel && !record) {
      event.preventDefault();
      turn(link.href, true);
    }
  });
  document.addEventListener("input", (event) => {
    if (event.target.id === "park-search") search(event.target);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!("panel" in form.dataset)) return;
    event.preventDefault();
    const pairs = [...new FormData(form)].filter(([, value]) => value !== "");
    turn(`${form.getAttribute("action")}?${new URLSearchParams(pairs)}`, true);
  });
  document.addEventListener("parkplan:select", (event) => {
    if (event.detail.layer === "parks") mark(event.detail.id, true);
  });
  window.addEventListener("popstate", () => turn(window.location.href, false));

  function keepView() {
    const park = document.body.dataset.park;
    if (record || park) {
      if (record) app.list.open(false);
      if (park) app.select("parks", park, { popup: !record });
    } else {
      const kept = JSON.parse(window.sessionStorage.getItem(VIEW_KEY) || "null");
      if (kept) app.map.setView(kept.center, kept.zoom, { animate: false });
    }
    if (record) return;
    app.map.on("moveend", () => {
      const { lat, lng } = app.map.getCenter();
      window.sessionStorage.setItem(VIEW_KEY, JSON.stringify({ center: [lat, lng], zoom: app.map.getZoom() }));
    });
  }

  /* On paper the map is as large as the style sheet says, shows the same ground, and its legend is open. */
  function onPaper() {
    const node = app.map.getContainer();
    let kept = null;
    const resize = (width, height) => {
      node.style.width = width;
      node.style.height = height;
      app.map.invalidateSize({ animate: false, pan: false });
    };
    window.addEventListener("beforeprint", () => {
      kept = { center: app.map.getCenter(), zoom: app.map.getZoom(), bounds: app.map.getBounds(), open: app.list.isOpen() };
      resize("680px", "560px");
      app.map.fitBounds(kept.bounds, { animate: false, paddingBottomRight: [190, 0] }); // beside the legend
      app.list.open(true);
      app.refresh();
    });
    window.addEventListener("afterprint", () => {
      if (!kept) return;
      resize("", "");
      app.map.setView(kept.center, kept.zoom, { animate: false });
      app.list.open(kept.open);
      app.refresh();
      kept = null;
    });
  }

  if (app) {
    keepView();
    onPaper();
  }
  const chosen = panel && panel.querySelector(".card[data-selected]");
  if (chosen) chosen.scrollIntoView({ block: "nearest" });
})();
