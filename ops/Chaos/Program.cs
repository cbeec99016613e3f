using System.Runtime.InteropServices;
using DeployHub.Chaos;

if (Options.Parse(args, out var problem) is not { } options)
{
    Console.Error.WriteLine($"{problem}; see ops/chaos --help");
    return 2;
}

// Everything that is started lives in folders that are removed when the process exits; SIGTERM is seen to where they are made.
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, _ => Environment.Exit(130));
using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, _ => Environment.Exit(129));

var result = await Run.Chaos(options);
Console.Out.Write(result.Table());
if (options.JsonFile is { } file)
{
    await result.Save(file);
}

return result.Passed ? 0 : 1;
