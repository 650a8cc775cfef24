/* Closes the menu as one expects: by Escape, by a click or the focus elsewhere. It opens without any script. */
(function () {
  "use strict";

  const open = () => document.querySelector(".menu[open]");
  document.addEventListener("keydown", (event) => {
    const menu = open();
    if (event.key !== "Escape" || !menu) return;
    menu.removeAttribute("open");
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
  });
  for (const kind of ["click", "focusin"]) {
    document.addEventListener(kind, (event) => {
      const menu = open();
      if (menu && !menu.contains(event.target)) menu.removeAttribute("open");
    });
  }
})();
