using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace DeployHub.EngineSimulator.Http;

/// <summary>What every call of an engine goes through: its faults, then the engine, and a refusal as the answer.</summary>
internal static partial class Front
{
    public static async Task Serve(Engine engine, Faults faults, HttpContext context)
    {
        var call = new Call(context, Version().Replace(context.Request.Path.Value ?? "/", "", 1));
        try
        {
            if (await faults.Meet(call, context) is { } answerLost)
            {
                await (answerLost ? engine.Answer(call) : Task.CompletedTask);
                context.Abort();
                return;
            }

            await engine.Answer(call);
        }
        catch (Refusal refusal) when (!context.Response.HasStarted)
        {
            await call.Json(refusal.Status, new JsonObject { ["message"] = refusal.Message });
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has gone.
        }
        catch (Exception fault) when (!context.Response.HasStarted)
        {
            // The simulator's own; the client's test shows it.
            await call.Json(500, new JsonObject { ["message"] = $"the simulated engine failed: {fault}" });
        }
    }

    [GeneratedRegex(@"^/v[0-9]+\.[0-9]+(?=/)")]
    private static partial Regex Version();
}
