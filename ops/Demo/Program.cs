using DeployHub.Demo;

using var stop = new StopSignals();
return await Run.Demo(Options.Read(args), stop);
