using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;

namespace DeployHub.EngineSimulator.Http;

/// <summary>The port beside the engines: <c>GET /ready</c>, and <c>PUT /faults</c>.</summary>
internal static class Control
{
    private static readonly JsonSerializerOptions Words = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) }, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    public static async Task Serve(Faults faults, HttpContext context)
    {
        switch (context.Request.Method, context.Request.Path.Value)
        {
            case ("GET", "/ready"):
                await context.Response.WriteAsync("ready", context.RequestAborted);
                break;
            case ("PUT", "/faults"):
                faults.Set((await JsonSerializer.DeserializeAsync<FaultPlan>(context.Request.Body, Words, context.RequestAborted))!);
                context.Response.StatusCode = StatusCodes.Status204NoContent;
                break;
            default:
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                break;
        }
    }
}
