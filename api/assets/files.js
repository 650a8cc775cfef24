/* Files in: sends a file, follows its job, offers the choices of a receipt, and draws its issues on a map. */
(function () {
  "use strict";

  const { prefix, language, job } = document.body.dataset;
  const problem = document.getElementById("problem");
  const POLL_MS = 700;
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

  async function follow(id) {
    for (;;) {
      const status = await read(await fetch(`${prefix}/jobs/${id}?lang=${language}`));
      if (!["accepted", "running"].includes(status.status)) break;
      if (document.getElementById("progress")) show(status.progress, status.message);
      await new Promise((done) => setTimeout(done, POLL_MS));
    }
    location.href = `${prefix}/files/${id}?lang=${language}`;
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

  const form = document.getElementById("upload");
  if (form) {
    const drop = document.getElementById("drop");
    for (const [name, over] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
      drop.addEventListener(name, (event) => {
        event.preventDefault();
        drop.classList.toggle("over", over);
        if (name === "drop" && event.dataTransfer.files.length) form.elements.file.files = event.dataTransfer.files;
      });
    }
    const picked = document.getElementById("picked");
    const hint = picked.textContent;
    const tell = () => { picked.textContent = form.elements.file.files.length ? form.elements.file.files[0].name : hint; };
    form.elements.file.addEventListener("change", tell);
    drop.addEventListener("drop", tell);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      say("");
      const file = form.elements.file.files[0];
      const query = new URLSearchParams({ lang: language, name: file.name });
      for (const [name, value] of new FormData(form)) if (name !== "file" && value) query.set(name, value);
      if (event.submitter.value === "check") query.set("dry_run", "true");
      const buttons = form.querySelectorAll("button");
      buttons.forEach((button) => { button.disabled = true; });
      try {
        const status = await send(file, query);
        await follow(status.jobID);
      } catch (error) {
        say(error.message);
        document.getElementById("progress").hidden = true;
      }
      buttons.forEach((button) => { button.disabled = false; });
    });
  }

  for (const button of document.querySelectorAll("[data-choose]")) {
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        const answer = await fetch(`${prefix}/imports/${job}/choices?${button.dataset.choose}&lang=${language}`, { method: "POST" });
        const status = await read(answer);
        location.href = `${prefix}/files/${status.jobID}?lang=${language}`;
      } catch (error) {
        say(error.message);
        button.disabled = false;
      }
    });
  }

  const stop = document.getElementById("stop");
  if (stop) {
    stop.addEventListener("click", () => fetch(`${prefix}/jobs/${job}`, { method: "DELETE" }));
    follow(job);
  }

  const place = document.getElementById("map");
  if (place) {
    const map = L.map(place, { attributionControl: false, preferCanvas: true });
    fetch(`${prefix}/imports/${job}/issues?lang=${language}`).then(read).then((issues) => {
      const kind = (feature) => (feature.properties.repaired ? "repaired" : feature.properties.severity);
      const style = (feature) => ({ color: COLORS[kind(feature)], fillColor: COLORS[kind(feature)], weight: 2, fillOpacity: 0.45 });
      const drawn = L.geoJSON(issues, {
        filter: (feature) => feature.geometry !== null,
        style,
        pointToLayer: (feature, where) => L.circleMarker(where, { ...style(feature), radius: 6 }),
        onEachFeature: (feature, layer) => layer.bindPopup(() => {
          // Text of the file reaches the page only as text nodes.
          const box = document.createElement("div");
          box.className = "popup";
          const { title, row, feature_id, field, seen, wanted, fix } = feature.properties;
          for (const line of [title, [row, feature_id, field].filter((part) => part !== null).join(" · "), `${seen} → ${wanted}`, fix]) {
            box.appendChild(document.createElement("p")).textContent = line;
          }
          return box;
        }),
      }).addTo(map);
      map.fitBounds(drawn.getBounds().pad(0.2), { maxZoom: 18 });
      L.control.scale({ imperial: false }).addTo(map);
    });
  }
})();
