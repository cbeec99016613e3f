using System.Runtime.CompilerServices;
using DeployHub.Api.Access;
using DeployHub.Domain.Accounts;
using DeployHub.Domain.Tokens;
using DeployHub.Intake;
using DeployHub.Intake.Access;
using Microsoft.AspNetCore.Builder;

namespace DeployHub.Unit.Access;

public sealed class AccessTableTests
{
    [Fact]
    public void A_route_without_a_row_keeps_the_Api_from_starting()
    {
        var app = WebApplication.CreateSlimBuilder().Build();
        app.MapWithAccess().MapGet("/api/nonesuch/{id:guid}", (Guid id) => id);

        var problem = Assert.Throws<InvalidOperationException>(app.CheckAccess);

        Assert.Contains("GET /api/nonesuch/{id}", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_row_without_a_route_keeps_the_Api_from_starting()
    {
        var app = WebApplication.CreateSlimBuilder().Build();
        app.MapWithAccess().MapGet("/health", () => "ok");

        var problem = Assert.Throws<InvalidOperationException>(app.CheckAccess);

        Assert.Contains("GET /health/ready", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_say_all_that_is_needed()
    {
        Assert.All(AccessTable.Routes, row =>
        {
            Assert.Equal(row.Scope == Scope.Open, row.Role is null);
            Assert.Equal(row.Scope == Scope.OfObject, row.Noun is not null);
            Assert.True(row.Noun is null || row.IdParameter is not null, row.Name);
        });
        Assert.All(AccessTable.Commands, row => Assert.NotNull(row.Role));
        Assert.Equal(AccessTable.Commands.Count, AccessTable.Commands.Select(row => AccessTable.OfCommand(row.Name)).Distinct().Count());
    }

    [Fact]
    public void The_page_for_people_is_the_tables()
    {
        var page = Path.Combine(Root(), "docs", "permissions.md");
        if (Environment.GetEnvironmentVariable("DEPLOYHUB_WRITE_DOCS") == "1")
        {
            File.WriteAllText(page, PermissionsPage.Text);
        }

        Assert.Equal(PermissionsPage.Text, File.ReadAllText(page));
    }

    [Theory]
    [InlineData(Role.Admin, Role.Viewer, Role.Viewer)]
    [InlineData(Role.Viewer, Role.Admin, Role.Viewer)]
    [InlineData(Role.Operator, Role.Operator, Role.Operator)]
    public void A_caller_has_the_lower_role(Role account, Role token, Role both) => Assert.Equal(both, CallerOf(account, null, token, null).Role);

    [Fact]
    public void A_caller_sees_the_environments_of_both()
    {
        var (a, b, c) = (Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid());
        bool[] Seen(List<Guid>? account, List<Guid>? token) => [.. new[] { a, b, c }.Select(CallerOf(Role.Admin, account, Role.Admin, token).Sees)];

        Assert.Equal([true, true, true], Seen(null, null));
        Assert.Equal([true, false, false], Seen([a], null));
        Assert.Equal([false, true, false], Seen(null, [b]));
        Assert.Equal([false, true, false], Seen([a, b], [b, c]));
        Assert.Equal([false, false, false], Seen([a], [c]));
    }

    private static Caller CallerOf(Role account, List<Guid>? accounts, Role token, List<Guid>? tokens) => Caller.Of(
        new Account { Name = "a", Role = account, EnvironmentIds = accounts }, new ApiToken { Name = "t", Hash = "", Role = token, EnvironmentIds = tokens }, null, null);

    private static string Root([CallerFilePath] string here = "")
    {
        for (var folder = new DirectoryInfo(File.Exists(here) ? Path.GetDirectoryName(here)! : AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "DeployHub.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("The tests run outside of the repository.");
    }
}
