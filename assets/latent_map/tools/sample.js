addTool("sample", {});
