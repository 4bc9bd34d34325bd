addTool("walk", {});
