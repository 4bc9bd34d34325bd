// Has the page's texts fetched while Gradio begins; whoever waits for them tells what went wrong.
import { load } from "./texts.js";

load().catch(() => {});
