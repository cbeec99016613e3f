using DeployHub.Api;
using DeployHub.Hosting;

var builder = WebApplication.CreateBuilder(args);
var settings = HostSettings.Read(builder.Configuration, distributed: true);
builder.AddDeployHub(settings, new ApiBus(settings));
builder.Services.AddApi(settings);

var app = builder.Build();
app.UseApi();
await app.RunAsync();
