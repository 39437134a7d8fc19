/* Every chart can be saved as people paste it: on white, with what it shows and which run it is of. */
(function () {
  const options = { actions: false, renderer: "svg", ast: true };

  async function picture(spec, kind) {
    await simlab.library("chart-library");
    const made = await vegaEmbed(document.createElement("div"), Object.assign({}, spec, { background: "white" }), options);
    try {
      if (kind === "svg") return new Blob([await made.view.toSVG()], { type: "image/svg+xml" });
      const canvas = await made.view.toCanvas(2);
      return await new Promise((done) => canvas.toBlob(done, "image/png"));
    } finally {
      made.finalize();
    }
  }

  async function save(chart, kind) {
    const { name, spec } = chart();
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await picture(spec, kind));
    link.download = name + "." + kind;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  /* Two buttons below a chart; `chart` tells its name and specification as it stands when one is pressed. */
  simlab.savable = function (element, shows, chart) {
    const there = element.nextElementSibling;
    if (there && there.classList.contains("save")) there.remove();
    const line = document.createElement("p");
    line.className = "save";
    line.append("Save chart: ");
    for (const kind of ["svg", "png"]) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = kind.toUpperCase();
      button.setAttribute("aria-label", "Save as " + kind.toUpperCase() + ": " + shows);
      button.addEventListener("click", () => save(chart, kind).catch(console.error));
      line.append(button, " ");
    }
    element.after(line);
  };
})();
