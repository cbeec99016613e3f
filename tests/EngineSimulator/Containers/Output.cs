using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using DeployHub.EngineSimulator.Http;

namespace DeployHub.EngineSimulator.Containers;

/// <summary>Output as the engine sends it: in frames, or raw from a terminal.</summary>
internal static class Output
{
    public static async Task Logs(Call call, Container container)
    {
        if ((string?)container.Host["LogConfig"]?["Type"] == "none")
        {
            throw new Refusal(500, "configured logging driver does not support reading");
        }

        call.Head(200, "application/vnd.docker.raw-stream");
        foreach (var act in container.Output.ToArray().Where(act => act.Text.Length > 0).TakeLast(Tail(call)))
        {
            await (container.HasTerminal ? call.Output.WriteAsync(Encoding.UTF8.GetBytes(act.Text.Replace("\n", "\r\n", StringComparison.Ordinal)), call.Aborted).AsTask() : Frame(call, act));
        }
    }

    public static async Task Frame(Call call, Act act)
    {
        var text = Encoding.UTF8.GetBytes(act.Text);
        var frame = new byte[8 + text.Length];
        frame[0] = (byte)(act.ToError ? 2 : 1);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(4), (uint)text.Length);
        text.CopyTo(frame, 8);
        await call.Output.WriteAsync(frame, call.Aborted);
        await call.Output.FlushAsync(call.Aborted);
    }

    private static int Tail(Call call) => int.TryParse(call.Query("tail"), CultureInfo.InvariantCulture, out var lines) ? lines : int.MaxValue;
}
