using DeployHub.ContractDocs;

return ContractFiles.Write(args[0], breaking: args.Contains("--breaking"));
