// The page's own address is the one in the browser, whatever a proxy has told Gradio of it: so are those of its files.
Object.defineProperty(window, "gradio_config", {
  configurable: true,
  set(config) {
    const here = new URL(".", document.baseURI).href.slice(0, -1);
    const text = JSON.stringify(config).replaceAll(`"${config.root}/`, `"${here}/`);
    const value = config.root === here ? config : { ...JSON.parse(text), root: here };
    Object.defineProperty(window, "gradio_config", { value, writable: true, configurable: true });
  },
});
