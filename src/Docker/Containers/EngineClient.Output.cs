using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;

namespace DeployHub.Docker;

public sealed partial class EngineClient
{
    private static readonly TimeSpan ExecPoll = TimeSpan.FromMilliseconds(20);

    /// <summary>The end of what a container wrote to standard output and error (Engine API, <c>GET /containers/{id}/logs</c>).</summary>
    /// <param name="id">Its id.</param>
    /// <param name="tail">How many lines, from the last one backwards.</param>
    /// <param name="maxBytes">How many bytes at most; the last ones are kept.</param>
    /// <param name="ct">Ends the request.</param>
    /// <exception cref="EngineNotFoundException">There is no such container.</exception>
    /// <exception cref="EngineServerException">Its log driver cannot be read.</exception>
    public async Task<string> GetLogs(string id, int tail, int maxBytes, CancellationToken ct = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tail);
        var output = new OutputTail(maxBytes);
        // Before API 1.42 only the container itself tells whether its output comes in frames.
        var framed = !(await GetContainer(id, ct)).HasTerminal;
        var call = EngineCall.Get($"/containers/{EngineCall.Part(id)}/logs?stdout=1&stderr=1&tail={tail}", $"read the logs of container {id}");
        using var deadline = new Deadline(Options.CallTimeout, ct);
        await ReadOutput(call, framed, output, deadline);
        return output.ToString();
    }

    /// <summary>
    /// The lines that a container writes to standard output and error, from its first one on, as they come, until it ends (Engine API, <c>GET /containers/{id}/logs</c>). To leave the loop ends the
    /// request; there is no timeout once the engine has answered.
    /// </summary>
    /// <param name="id">Its id.</param>
    /// <param name="terminal">Whether it has a terminal: <see cref="ContainerInspection.HasTerminal"/>.</param>
    /// <param name="maxCharacters">How long a line may be; the rest of a longer one is left out.</param>
    /// <param name="ct">Ends the request.</param>
    /// <exception cref="EngineNotFoundException">There is no such container.</exception>
    /// <exception cref="EngineServerException">Its log driver cannot be read.</exception>
    /// <exception cref="EngineResponseLostException">The stream broke off.</exception>
    public async IAsyncEnumerable<string> FollowLogs(string id, bool terminal, int maxCharacters, [EnumeratorCancellation] CancellationToken ct = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxCharacters);
        var call = EngineCall.Get($"/containers/{EngineCall.Part(id)}/logs?follow=1&stdout=1&stderr=1", $"follow the logs of container {id}");
        using var opening = new Deadline(Options.CallTimeout, ct);
        using var answer = await Open(call, opening);
        using var reading = new Deadline(Timeout.InfiniteTimeSpan, ct);
        await using var body = answer.Content.ReadAsStream(CancellationToken.None);
        await using var pieces = (terminal ? OutputFrames.ReadRaw(body, reading.Token) : OutputFrames.ReadFramed(body, reading.Token)).GetAsyncEnumerator(CancellationToken.None);
        var outputs = new SortedDictionary<byte, OutputLines>();
        while (await _transport.Guard(call, reading, () => pieces.MoveNextAsync().AsTask()))
        {
            var (stream, bytes) = pieces.Current;
            if (!outputs.TryGetValue(stream, out var lines))
            {
                outputs[stream] = lines = new OutputLines(maxCharacters);
            }

            foreach (var line in lines.Write(bytes.Span))
            {
                yield return line;
            }
        }

        foreach (var lines in outputs.Values)
        {
            if (lines.Rest() is { } rest)
            {
                yield return rest;
            }
        }
    }

    /// <summary>Runs a program in a running container and waits for its end (Engine API, Exec).</summary>
    /// <param name="id">The container's id.</param>
    /// <param name="command">Program and arguments; no shell is involved.</param>
    /// <param name="user">As in <c>1000:1000</c>, or null for the container's own.</param>
    /// <param name="timeout">How long the program may run, or null for the call timeout. What is too slow runs on: an engine cannot end it.</param>
    /// <param name="maxOutputBytes">How much of the output is kept; the last bytes.</param>
    /// <param name="ct">Ends the waiting; the program runs on.</param>
    /// <exception cref="EngineNotFoundException">There is no such container.</exception>
    /// <exception cref="EngineConflictException">It does not run.</exception>
    public async Task<ExecResult> Exec(
        string id, string[] command, string? user = null, TimeSpan? timeout = null, int maxOutputBytes = 64 * 1024, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(command);
        var what = $"run {string.Join(' ', command.Take(1))} in container {id}";
        var output = new OutputTail(maxOutputBytes);
        var created = await Get(Container(id, "exec", what, new JsonObject
        {
            ["AttachStdout"] = true,
            ["AttachStderr"] = true,
            ["User"] = user ?? "",
            ["Cmd"] = new JsonArray([.. command.Select(part => JsonValue.Create(part))]),
        }), Id, ct);

        var limit = timeout ?? Options.CallTimeout;
        using var deadline = new Deadline(limit, ct);
        await ReadOutput(EngineCall.Post($"/exec/{created}/start", what, new JsonObject { ["Detach"] = false, ["Tty"] = false }), framed: true, output, deadline);
        return new ExecResult(await ExitCode(created, what, deadline), output.ToString(), output.Truncated);
    }

    /// <summary>
    /// The output's end does not tell a program that ended from an engine that died, and comes shortly before the engine knows the exit code: only the code itself proves that it ran to its end.
    /// </summary>
    private async Task<int> ExitCode(string exec, string what, Deadline deadline)
    {
        var call = EngineCall.Get($"/exec/{exec}/json", what);
        try
        {
            while (true)
            {
                using var answer = await Open(call, deadline);
                var code = await Read(call, answer, json => json.Flag("Running") ? null : (int?)json["ExitCode"]?.GetValue<long>(), deadline);
                if (code is { } ended)
                {
                    return ended;
                }

                await _transport.Guard(call, deadline, async () =>
                {
                    await Task.Delay(ExecPoll, deadline.Token);
                    return true;
                });
            }
        }
        catch (Exception gone) when (gone is EngineUnreachableException or EngineNotFoundException)
        {
            throw new EngineResponseLostException($"Docker engine {Endpoint}, asked to {what}, was lost before the end; it may or may not have been done.", gone);
        }
    }

    private async Task ReadOutput(EngineCall call, bool framed, OutputTail output, Deadline deadline)
    {
        using var answer = await Open(call, deadline);
        await _transport.Guard(call, deadline, async () =>
        {
            await using var body = await answer.Content.ReadAsStreamAsync(deadline.Token);
            await (framed ? OutputFrames.CopyFramed(body, output, deadline.Token) : OutputFrames.CopyRaw(body, output, deadline.Token));
            return true;
        });
    }
}
