using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace DeployHub.EngineSimulator.Containers;

/// <summary>Starts and ends containers, and does by itself what an engine does: programs end, policies start them again, health is checked.</summary>
internal sealed class Lifecycle(Engine engine)
{
    private const int Killed = 137;
    private const int Terminated = 143;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    /// <summary>False when it runs already.</summary>
    public bool Start(Container container)
    {
        lock (engine.Gate)
        {
            if (container.Running)
            {
                return false;
            }

            container.RestartCount = 0;
            container.Ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            try
            {
                Launch(container);
            }
            catch
            {
                container.Ended.SetResult();
                throw;
            }

            return true;
        }
    }

    /// <summary>False when it does not run.</summary>
    public async Task<bool> Stop(Container container, TimeSpan grace, CancellationToken ct)
    {
        var signal = (string?)container.Config["StopSignal"] ?? "SIGTERM";
        lock (engine.Gate)
        {
            if (!container.Running)
            {
                return false;
            }

            engine.Events.Add("container", "kill", container.Id, container.Attributes());
        }

        var waits = signal != "SIGKILL" && Script.Of(container.Command).IgnoresTerm;
        if (waits)
        {
            // Whoever asked may go; the engine stops it all the same.
            await Task.WhenAny(container.Ended.Task, Task.Delay(grace, CancellationToken.None)).WaitAsync(ct);
        }

        lock (engine.Gate)
        {
            End(container, waits || signal == "SIGKILL" ? Killed : Terminated, byHand: true);
            engine.Events.Add("container", "stop", container.Id, container.Attributes());
        }

        return true;
    }

    public void Kill(Container container, string signal)
    {
        lock (engine.Gate)
        {
            if (!container.Running)
            {
                throw new Refusal(409, $"Cannot kill container: {container.Name}: Container {container.Id} is not running");
            }

            engine.Events.Add("container", "kill", container.Id, container.Attributes());
            if (signal is "SIGKILL" or "KILL" or "9")
            {
                End(container, Killed, byHand: true);
            }
        }
    }

    private void Launch(Container container)
    {
        engine.Networks.RefuseMissing(container);
        RefuseMissingProgram(container);
        var script = Script.Of(container.Command);
        Publish(container);
        container.Status = "running";
        container.StartedAt = DateTime.UtcNow;
        container.Life = new CancellationTokenSource();
        container.Health = HealthCheck.Of(container) is null ? null : new Health();
        engine.Events.Add("container", "start", container.Id, container.Attributes());
        if (script.Acts.Count > 0 || script.ExitCode is not null)
        {
            _ = Perform(container, script, container.Life.Token);
        }

        if (HealthCheck.Of(container) is { } check)
        {
            _ = Check(container, check, container.Life.Token);
        }
    }

    private async Task Perform(Container container, Script script, CancellationToken life)
    {
        // What it does begins when the start has been answered.
        await Task.Yield();
        foreach (var act in script.Acts)
        {
            if (!await Pause(act.Pause, life))
            {
                return;
            }

            lock (engine.Gate)
            {
                container.Output.Add(act);
            }
        }

        lock (engine.Gate)
        {
            if (script.ExitCode is { } code && !life.IsCancellationRequested)
            {
                End(container, code, byHand: false);
            }
        }
    }

    private async Task Check(Container container, HealthCheck check, CancellationToken life)
    {
        while (await Pause(check.Interval, life))
        {
            lock (engine.Gate)
            {
                if (!life.IsCancellationRequested && container.Health!.Note(check.ExitCode, check.Output, check.Retries))
                {
                    engine.Events.Add("container", $"health_status: {container.Health.Status}", container.Id, container.Attributes());
                }
            }
        }
    }

    private void End(Container container, int code, bool byHand)
    {
        if (!container.Running)
        {
            return;
        }

        var wasRunning = container.Status == "running";
        container.Life.Cancel();
        container.Published.Clear();
        container.ExitCode = code;
        container.FinishedAt = DateTime.UtcNow;
        var again = !byHand && container.RestartPolicy switch
        {
            ("always" or "unless-stopped", _) => true,
            ("on-failure", var most) => code != 0 && (most == 0 || container.RestartCount < most),
            _ => false,
        };
        container.Status = again ? "restarting" : "exited";
        if (wasRunning)
        {
            engine.Events.Add("container", "die", container.Id, container.Attributes(code));
        }

        if (again)
        {
            container.Life = new CancellationTokenSource();
            _ = StartAgain(container, container.Life.Token);
        }
        else
        {
            container.Ended.TrySetResult();
        }
    }

    private async Task StartAgain(Container container, CancellationToken life)
    {
        var pause = FirstPause * Math.Pow(2, Math.Min(container.RestartCount, 10));
        if (!await Pause(pause < LongestPause ? pause : LongestPause, life))
        {
            return;
        }

        lock (engine.Gate)
        {
            if (!life.IsCancellationRequested)
            {
                container.RestartCount++;
                Launch(container);
            }
        }
    }

    // False when the container was ended meanwhile.
    private static async Task<bool> Pause(TimeSpan pause, CancellationToken life)
    {
        try
        {
            await Task.Delay(pause, life);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    // Only what an absolute path names is looked up; an image without files (one that was pulled) is believed.
    private static void RefuseMissingProgram(Container container)
    {
        if (container.Command is [['/', ..] program, ..] && container.Image.Files.Count > 0 && container.Files.Find(program) is null)
        {
            throw new Refusal(400, $"failed to create shim: OCI runtime create failed: runc create failed: unable to start container process: exec: \"{program}\": stat {program}: no such file or directory: unknown");
        }
    }

    private void Publish(Container container)
    {
        var wanted = (container.Host["PortBindings"] as JsonObject ?? []).SelectMany(port => (port.Value as JsonArray ?? []).OfType<JsonNode>().Select(at =>
            (Port: port.Key, Ip: (string?)at["HostIp"] is { Length: > 0 } ip ? ip : "0.0.0.0", HostPort: (string?)at["HostPort"] ?? ""))).ToList();
        foreach (var (port, ip, hostPort) in wanted)
        {
            var number = hostPort.Length == 0 ? FreePort() : int.Parse(hostPort, CultureInfo.InvariantCulture);
            if (engine.Containers.All.SelectMany(other => other.Published).Any(taken => taken.HostPort == number))
            {
                container.Published.Clear();
                throw new Refusal(500, $"driver failed programming external connectivity on endpoint {container.Name}: Bind for {ip}:{number} failed: port is already allocated");
            }

            container.Published.Add((port, ip, number));
        }
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
