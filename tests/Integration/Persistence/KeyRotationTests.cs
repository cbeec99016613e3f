using System.Security.Cryptography;
using DeployHub.Domain.ConfigFiles;
using DeployHub.Domain.Environments;
using DeployHub.Domain.Registries;
using DeployHub.Persistence.Secrets;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Integration.Persistence;

public sealed class KeyRotationTests(Databases databases)
{
    [Theory]
    [MemberData(nameof(Databases.Providers), MemberType = typeof(Databases))]
    public async Task Everything_is_under_the_present_key_afterwards_and_a_key_that_is_missing_ends_it(Provider provider)
    {
        await using var database = await databases.New(provider);
        var (former, present) = (RandomNumberGenerator.GetBytes(SecretBox.KeyBytes), RandomNumberGenerator.GetBytes(SecretBox.KeyBytes));
        var old = new SecretBox(former);
        await database.Write(db =>
        {
            var environment = new DeploymentEnvironment { Id = Guid.CreateVersion7(), Name = "shop" };
            db.Environments.Add(environment);
            db.Registries.AddRange(
                new Registry { Id = Guid.CreateVersion7(), EnvironmentId = environment.Id, Name = "private", RegistryUrl = "r:5000", Username = "u", Password = old.Seal("password") },
                new Registry { Id = Guid.CreateVersion7(), EnvironmentId = environment.Id, Name = "open", RegistryUrl = "r:5001" });
            for (var i = 0; i < 250; i++)
            {
                db.EnvironmentValues.Add(new EnvironmentValue { Id = Guid.CreateVersion7(), EnvironmentId = environment.Id, Name = $"S{i}", IsSecret = true, Sealed = old.Seal($"secret {i}") });
            }
        });

        await Assert.ThrowsAsync<CryptographicException>(() => Rotate(database, new SecretBox(present)));
        Assert.Equal((251, 251), await Rotate(database, new SecretBox(present, former)));
        Assert.Equal((251, 0), await Rotate(database, new SecretBox(present)));

        var box = new SecretBox(present);
        Assert.Equal("password", box.Open((await database.Read(db => db.Registries.SingleAsync(x => x.Name == "private"))).Password!));
        var values = await database.Read(db => db.EnvironmentValues.ToListAsync());
        Assert.All(values, x => Assert.Equal($"secret {x.Name[1..]}", box.Open(x.Sealed!)));
    }

    private static Task<(int Values, int Changed)> Rotate(TestDatabase database, SecretBox box) =>
        database.Read(db => new KeyRotation(db, box).Run(TestContext.Current.CancellationToken));
}
