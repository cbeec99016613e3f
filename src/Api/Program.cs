using DeployHub.Api;
using DeployHub.Hosting;
using DeployHub.Persistence;
using DeployHub.Persistence.Secrets;

var builder = WebApplication.CreateBuilder(args);
var settings = HostSettings.Read(builder.Configuration, distributed: true);
builder.Services.AddPersistence(settings.Persistence);
builder.Services.AddSingleton(new SecretBox(settings.MasterKey));

// The bus is added here.
builder.Services.AddApi(settings);

var app = builder.Build();
app.UseApi();
app.Run();
