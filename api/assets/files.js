/* Files in: sends a file, follows its job, offers the choices of a receipt, and draws its issues on a map. */
(function () {
  "use strict";

  const { prefix, language, job } = document.body.dataset;
  const problem = document.getElementById("problem");
  const POLL_MS = 700;
  const CLOSE_ZOOM = 18;
  const COLORS = { error: "#a3271b", warning: "#b87a00", repaired: "#1c6b45" };

  function say(text) {
    problem.textContent = text;
    problem.hidden = !text;
  }

  async function read(answer) {
    const document_ = await answer.json();
    if (!answer.ok) throw new Error(document_.detail || answer.statusText);
    return document_;
  }

  function show(share, text) {
    const box = document.getElementById("progress");
    box.hidden = false;
    box.querySelector("progress").value = share;
    box.querySelector("p").textContent = text || "";
  }

  /* Sent by XMLHttpRequest, which tells how much of a long file has gone. */
  function send(file, query) {
    return new Promise((done, fail) => {
      const request = new XMLHttpRequest();
      request.open("POST", `${prefix}/imports?${query}`);
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.upload.onprogress = (event) => show(event.lengthComputable ? (100 * event.loaded) / event.total : 0, file.name);
      request.onerror = () => fail(new Error(file.name));
      request.onload = () => {
        const told = JSON.parse(request.responseText);
        if (request.status === 201) done(told);
        else fail(new Error(told.detail));
      };
      request.send(file);
    });
  }

  function open(id) {
    location.href = `${prefix}/files/${id}?lang=${language}`;
  }

  const form = document.getElementById("upload");
  if (form) {
    const drop = document.getElementById("drop");
    const picked = document.getElementById("picked");
    const hint = picked.textContent;
    const tell = () => { picked.textContent = form.elements.file.files.length ? form.elements.file.files[0].name : hint; };
    for (const [name, over] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
      drop.addEventListener(name, (event) => {
        event.preventDefault();
        drop.classList.toggle("over", over);
        if (name === "drop" && event.dataTransfer.files.length) form.elements.file.files = event.dataTransfer.files;
        tell();
      });
    }
    form.elements.file.addEventListener("change", tell);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      say("");
      const file = form.elements.file.files[0];
      const query = new URLSearchParams({ lang: language, name: file.name, dry_run: event.submitter.value });
      for (const [name, value] of new FormData(form)) if (name !== "file" && name !== "form_token" && value) query.set(name, value);
      const buttons = form.querySelectorAll("button");
      buttons.forEach((button) => { button.disabled = true; });
      try {
        open((await send(file, query)).jobID);
      } catch (error) {
        say(error.message);
        document.getElementById("progress").hidden = true;
        buttons.forEach((button) => { button.disabled = false; });
      }
    });
  }

  /* A choice is a plain form; sent from here, what is wrong with it is told on the spot. */
  for (const choice of document.querySelectorAll(`form[action*="/choices"]`)) {
    choice.addEventListener("submit", async (event) => {
      event.preventDefault();
      say("");
      const body = new URLSearchParams(new FormData(choice, event.submitter));
      event.submitter.disabled = true;
      try {
        open((await read(await fetch(choice.action, { method: "POST", body, headers: { Accept: "application/json" } }))).jobID);
      } catch (error) {
        say(error.message);
        problem.scrollIntoView({ block: "center" });
        event.submitter.disabled = false;
      }
    });
  }

  async function follow(id) {
    for (;;) {
      const status = await read(await fetch(`${prefix}/jobs/${id}?lang=${language}`));
      if (!["accepted", "running"].includes(status.status)) break;
      show(status.progress, status.message);
      await new Promise((done) => setTimeout(done, POLL_MS));
    }
    location.reload();
  }

  const stop = document.getElementById("stop");
  if (stop) {
    stop.addEventListener("click", () => {
      fetch(`${prefix}/jobs/${job}?lang=${language}`, { method: "DELETE" }).then(read).catch((error) => say(error.message));
    });
    follow(job).catch((error) => say(error.message));
  }

  /* What is folded away is printed all the same. */
  window.addEventListener("beforeprint", () => {
    for (const rule of document.querySelectorAll("details.rule")) rule.open = true;
  });

  /* ---- issues on the map, and the rows they stand in ---------------------------------------------------------- */

  function kindOf(feature) {
    return feature.properties.repaired ? "repaired" : feature.properties.severity;
  }

  function styleOf(feature) {
    const color = COLORS[kindOf(feature)];
    return { color, fillColor: color, weight: 2, opacity: 0.9, fillOpacity: 0.35 };
  }

  /* Text of the file reaches the page only as text nodes. */
  function told(feature) {
    const { title, row, feature_id, field, seen, wanted, fix } = feature.properties;
    const box = document.createElement("div");
    box.className = "popup";
    const lines = [title, [row, feature_id, field].filter((part) => part !== null).join(" · "), `${seen} → ${wanted}`, fix];
    for (const line of lines) box.appendChild(document.createElement("p")).textContent = line;
    const line = document.getElementById(`issue-${feature.id}`);
    if (line) {
      const button = box.appendChild(document.createElement("button"));
      button.type = "button";
      button.className = "plain";
      button.textContent = place.dataset.row;
      button.addEventListener("click", () => choose(line));
    }
    return box;
  }

  function choose(line) {
    document.querySelectorAll("tr.chosen").forEach((one) => one.classList.remove("chosen"));
    line.classList.add("chosen");
    line.closest("details").open = true;
    line.scrollIntoView({ block: "center" });
  }

  const place = document.getElementById("map");

  function draw(issues) {
    const map = L.map(place, { attributionControl: false, preferCanvas: true });
    const byNumber = new Map();
    const drawn = L.geoJSON(issues, {
      style: styleOf,
      pointToLayer: (feature, where) => L.circleMarker(where, { ...styleOf(feature), radius: 6 }),
      onEachFeature: (feature, layer) => {
        byNumber.set(String(feature.id), layer);
        layer.bindPopup(() => told(feature), { maxWidth: 320 });
      },
    }).addTo(map);
    map.fitBounds(drawn.getBounds().pad(0.15), { maxZoom: CLOSE_ZOOM, animate: false });
    L.control.scale({ imperial: false }).addTo(map);
    const counted = document.getElementById("drawn");
    const number = new Intl.NumberFormat(language);
    counted.textContent = counted.dataset.text.replace("{n}", number.format(byNumber.size))
      .replace("{all}", number.format(counted.dataset.all));
    document.addEventListener("click", (event) => {
      const button = event.target.closest(".place");
      const layer = button && byNumber.get(button.dataset.issue);
      if (!layer) return;
      choose(button.closest("tr"));
      place.scrollIntoView({ block: "center" });
      const bounds = layer.getBounds ? layer.getBounds() : L.latLngBounds([layer.getLatLng()]);
      map.fitBounds(bounds, { maxZoom: CLOSE_ZOOM, animate: false });
      layer.openPopup();
    });
    return { map, byNumber };
  }

  if (place) {
    fetch(`${prefix}/files/${job}/places?lang=${language}`).then(read).then((issues) => {
      window.Parkplan = { issues: draw(issues) };
    }).catch((error) => say(error.message));
  }
})();
