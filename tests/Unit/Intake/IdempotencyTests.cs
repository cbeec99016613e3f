using System.Text.Json;
using DeployHub.Domain.Accounts;
using DeployHub.Domain.Tokens;
using DeployHub.Intake;
using DeployHub.Intake.Deployments;
using Xunit;

namespace DeployHub.Unit.Intake;

public class IdempotencyTests
{
    private static string Hash(string body, string operation = "deploy 1") => IdempotencyTicket.HashOf(operation, JsonSerializer.Deserialize<JsonElement>(body));

    [Fact]
    public void The_order_of_keys_does_not_matter_at_any_depth() =>
        Assert.Equal(Hash("""{"a":1,"b":{"c":[{"d":1,"e":2}],"f":null}}"""), Hash("""{"b":{"f":null,"c":[{"e":2,"d":1}]},"a":1}"""));

    [Theory]
    [InlineData("""{"a":2}""")]
    [InlineData("""{"a":"1"}""")]
    [InlineData("""{"a":1,"b":null}""")]
    [InlineData("""{"A":1}""")]
    public void Another_body_has_another_hash(string other) => Assert.NotEqual(Hash("""{"a":1}"""), Hash(other));

    [Fact]
    public void The_order_of_a_list_matters() => Assert.NotEqual(Hash("""{"a":[1,2]}"""), Hash("""{"a":[2,1]}"""));

    [Fact]
    public void Another_operation_has_another_hash() => Assert.NotEqual(Hash("{}"), Hash("{}", "rollback 1"));

    [Fact]
    public void What_is_left_out_is_the_same_as_its_default() => Assert.Equal(
        IdempotencyTicket.HashOf("x", new DeployRequest { ImageTag = "v1" }), IdempotencyTicket.HashOf("x", new DeployRequest { ImageTag = "v1", AutoRollback = true, MaxParallel = 1 }));

    [Fact]
    public void Keys_are_the_accounts_whichever_of_its_tokens_is_shown_or_none()
    {
        var account = new Account { Id = Guid.NewGuid(), Name = "shop", Role = Role.Operator };
        var token = new ApiToken { Id = Guid.NewGuid(), AccountId = account.Id, Name = "ci", Hash = "", Role = Role.Operator };
        Assert.Equal(account.Id.ToString(), Caller.Of(account, token, null, null).Scope);
        Assert.Equal(account.Id.ToString(), Caller.Of(account, null, null, null).Scope);
    }
}
