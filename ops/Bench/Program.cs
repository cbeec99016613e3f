using System.Runtime.InteropServices;
using DeployHub.Bench;
using DeployHub.Bench.Setup;

// The bare programs are processes of their own, as what they are compared with is.
if (args is [BareServer.Command, var port, var file])
{
    await BareServer.Run(port, file);
    return 0;
}

if (Options.Parse(args, out var problem) is not { } options)
{
    Console.Error.WriteLine($"{problem}; see ops/bench --help");
    return 2;
}

// Everything that is started lives in folders that are removed when the process exits; SIGTERM is seen to where they are made.
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, _ => Environment.Exit(130));
using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, _ => Environment.Exit(129));

var report = await Benches.Run(options.Command, options.Quick);
Console.Out.Write(report.Table());
await report.Save(options.JsonFile, options.Quick);
Console.Error.WriteLine($"written: {options.JsonFile}");
return options.Check && report.Missed > 0 ? 1 : 0;
