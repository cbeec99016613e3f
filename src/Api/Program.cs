using DeployHub.Api;
using DeployHub.Hosting;

var builder = HostSetup.CreateBuilder(args);
var settings = HostSettings.Read(builder.Configuration, distributed: true);
builder.AddDeployHub(settings, new ApiBus(settings));
builder.Services.AddApi(settings);

var app = builder.Build();
if (args is ["rotate-key"])
{
    return await app.RotateKey();
}

app.UseApi();
await app.RunAsync();
return 0;
