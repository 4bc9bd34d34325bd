addTool("select", {});
