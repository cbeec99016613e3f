using System.Runtime.InteropServices;

namespace DeployHub.Demo;

/// <summary>Turns SIGINT, SIGTERM and SIGHUP into a cancellation, so that what was made is always cleared away.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _registrations;

    public StopSignals() => _registrations =
        [Register(PosixSignal.SIGINT, 2), Register(PosixSignal.SIGTERM, 15), Register(PosixSignal.SIGHUP, 1)];

    public CancellationToken Token => _source.Token;

    /// <summary>The exit code that says by which signal the demo was ended; null while there was none.</summary>
    public int? ExitCode { get; private set; }

    /// <summary>Completes when a signal came.</summary>
    public Task Came() => Task.Delay(Timeout.Infinite, Token).ContinueWith(_ => { }, TaskScheduler.Default);

    public void Dispose()
    {
        _registrations.ForEach(x => x.Dispose());
        _source.Dispose();
    }

    private PosixSignalRegistration Register(PosixSignal signal, int number) => PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        ExitCode ??= 128 + number;
        _source.Cancel();
    });
}
