using System.Globalization;
using System.Net;

namespace DeployHub.Docker;

public sealed partial class EngineClient
{
    /// <summary>Starts a container (Engine API, <c>POST /containers/{id}/start</c>).</summary>
    /// <param name="id">Its id.</param>
    /// <param name="ct">Ends the request.</param>
    /// <returns>False when it ran already.</returns>
    /// <exception cref="EngineNotFoundException">There is no such container, or not the network that it belongs to.</exception>
    /// <exception cref="EngineBadRequestException">Its program cannot be executed.</exception>
    /// <exception cref="EngineServerException">It cannot be started, as when a port is allocated.</exception>
    public Task<bool> StartContainer(string id, CancellationToken ct = default) => Changed(Container(id, "start", $"start container {id}"), ct);

    /// <summary>Stops a container: its stop signal, and SIGKILL when the grace is over (Engine API, <c>POST /containers/{id}/stop</c>).</summary>
    /// <param name="id">Its id.</param>
    /// <param name="grace">How long it may take to stop by itself; rounded up to seconds. The call's deadline is the call timeout after it.</param>
    /// <param name="ct">Ends the request; the engine goes on stopping it.</param>
    /// <returns>False when it did not run.</returns>
    /// <exception cref="EngineNotFoundException">There is no such container.</exception>
    public Task<bool> StopContainer(string id, TimeSpan grace, CancellationToken ct = default) =>
        Changed(Container(id, $"stop?t={Seconds(grace)}", $"stop container {id}") with { Limit = grace + Options.CallTimeout }, ct);

    /// <summary>Stops a container as <see cref="StopContainer"/> does and starts it (Engine API, <c>POST /containers/{id}/restart</c>).</summary>
    /// <param name="id">Its id.</param>
    /// <param name="grace">How long it may take to stop by itself; rounded up to seconds.</param>
    /// <param name="ct">Ends the request.</param>
    /// <exception cref="EngineNotFoundException">There is no such container.</exception>
    /// <exception cref="EngineServerException">It cannot be started.</exception>
    public Task RestartContainer(string id, TimeSpan grace, CancellationToken ct = default) =>
        Send(Container(id, $"restart?t={Seconds(grace)}", $"restart container {id}") with { Limit = grace + Options.CallTimeout }, ct);

    /// <summary>Sends a signal to a container's process (Engine API, <c>POST /containers/{id}/kill</c>).</summary>
    /// <param name="id">Its id.</param>
    /// <param name="signal">As in <c>SIGHUP</c>.</param>
    /// <param name="ct">Ends the request.</param>
    /// <exception cref="EngineNotFoundException">There is no such container.</exception>
    /// <exception cref="EngineConflictException">It does not run.</exception>
    public Task KillContainer(string id, string signal, CancellationToken ct = default) =>
        Send(Container(id, $"kill?signal={Uri.EscapeDataString(signal)}", $"send {signal} to container {id}"), ct);

    /// <summary>Waits until a container does not run (Engine API, <c>POST /containers/{id}/wait</c>), at most <see cref="EngineClientOptions.WaitTimeout"/>.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>Its exit code; that of its last end when it does not run.</returns>
    /// <exception cref="EngineNotFoundException">There is no such container.</exception>
    public Task<long> WaitContainer(string id, CancellationToken ct = default) => Get(
        Container(id, "wait?condition=not-running", $"wait for the end of container {id}") with { Limit = Options.WaitTimeout }, json => json.Number("StatusCode"), ct);

    private async Task<bool> Changed(EngineCall call, CancellationToken ct) => await Send(call, ct) != (int)HttpStatusCode.NotModified;

    private static string Seconds(TimeSpan grace)
    {
        // A negative time would make the engine wait without end.
        ArgumentOutOfRangeException.ThrowIfLessThan(grace, TimeSpan.Zero);
        return Math.Ceiling(grace.TotalSeconds).ToString("0", CultureInfo.InvariantCulture);
    }
}
