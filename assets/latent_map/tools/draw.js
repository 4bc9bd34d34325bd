addTool("draw", {});
