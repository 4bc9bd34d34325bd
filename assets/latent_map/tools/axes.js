addTool("axes", {});
