addTool("direction", {});
