using DeployHub.Api;
using DeployHub.Hosting;
using DeployHub.Worker;

var builder = HostSetup.CreateBuilder(args);
var settings = HostSettings.Read(builder.Configuration, distributed: false);
builder.AddDeployHub(settings, new WorkerBus(), new ApiBus(settings));
builder.Services.AddApi(settings);
builder.Services.AddWorker(settings);

var app = builder.Build();
if (args is ["rotate-key"])
{
    return await app.RotateKey();
}

app.UseApi();
await app.RunAsync();
return 0;
