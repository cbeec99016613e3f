using System.Globalization;
using System.Net;
using DeployHub.EngineSimulator;
using DeployHub.EngineSimulator.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

if (args is not [var folder, var engines, var port])
{
    Console.Error.WriteLine("usage: DeployHub.EngineSimulator FOLDER ENGINES CONTROL-PORT (see its README)");
    return 2;
}

var faults = new Faults();
var builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.ConfigureKestrel(kestrel =>
{
    // An engine takes images and archives of any size.
    kestrel.Limits.MaxRequestBodySize = null;
    kestrel.Listen(IPAddress.Loopback, int.Parse(port, CultureInfo.InvariantCulture));
    for (var i = 1; i <= int.Parse(engines, CultureInfo.InvariantCulture); i++)
    {
        var engine = new Engine(string.Create(CultureInfo.InvariantCulture, $"engine-{i}"));
        kestrel.ListenUnixSocket(Path.Combine(Path.GetFullPath(folder), $"{engine.Name}.sock"), listen => listen.Use(next => connection =>
        {
            connection.Features.Set(engine);
            return next(connection);
        }));
    }
});

var app = builder.Build();
app.Run(context => context.Features.Get<Engine>() is { } engine ? Front.Serve(engine, faults, context) : Control.Serve(faults, context));
await app.RunAsync();
return 0;
