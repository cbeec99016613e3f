using DeployHub.Hosting;
using DeployHub.Worker;

var builder = HostSetup.CreateBuilder(args);
var settings = HostSettings.Read(builder.Configuration, distributed: true);
builder.AddDeployHub(settings, new WorkerBus());
builder.Services.AddWorker(settings);

var app = builder.Build();
app.MapWorkerHealth();
await app.RunAsync();
