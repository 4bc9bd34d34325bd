// The page's own address is that in the browser, whatever a proxy has told Gradio of it: so are those of Gradio's files.
Object.defineProperty(window, "gradio_config", {
  configurable: true,
  set(config) {
    const here = new URL(".", document.baseURI).href.slice(0, -1);
    const text = JSON.stringify(config).replaceAll(`"${config.root}/`, `"${here}/`);
    Object.defineProperty(window, "gradio_config", { value: { ...JSON.parse(text), root: here }, writable: true, configurable: true });
  },
});
