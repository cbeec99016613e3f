using DeployHub.Domain.ConfigFiles;
using Xunit;

namespace DeployHub.Unit.ConfigFiles;

public class TargetPathTests
{
    [Theory]
    [InlineData("/opt/app/app.yml", true)]
    [InlineData("/a", true)]
    [InlineData("/opt/.hidden/..x/a b", true)]
    [InlineData("", false)]
    [InlineData("/", false)]
    [InlineData("opt/a", false)]
    [InlineData("./a", false)]
    [InlineData("/opt/", false)]
    [InlineData("//opt", false)]
    [InlineData("/opt//a", false)]
    [InlineData("/opt/./a", false)]
    [InlineData("/opt/../etc/shadow", false)]
    [InlineData("/opt/..", false)]
    [InlineData("/opt/a\0b", false)]
    [InlineData("/opt/a\nb", false)]
    public void A_path_is_absolute_in_normal_form_and_names_a_file(string path, bool good) => Assert.Equal(good, TargetPath.Problem(path) is null);

    [Fact]
    public void Lengths_are_those_of_Linux_in_bytes()
    {
        var name = new string('é', 127);
        Assert.Null(TargetPath.Problem($"/{name}x"));
        Assert.NotNull(TargetPath.Problem($"/{name}xx"));
        Assert.Null(TargetPath.Problem(string.Concat(Enumerable.Repeat("/" + new string('a', 255), 16))));
        Assert.NotNull(TargetPath.Problem(string.Concat(Enumerable.Repeat("/" + new string('a', 255), 16)) + "/a"));
    }

    [Theory]
    [InlineData("/opt/app.env", "0600")]
    [InlineData("/opt/.env", "0600")]
    [InlineData("/opt/app.env.txt", "0644")]
    [InlineData("/opt/app.yml", "0644")]
    public void Files_of_environment_variables_are_private_by_default(string path, string mode) => Assert.Equal(mode, FileModes.Show(TargetPath.DefaultMode(path)));

    [Theory]
    [InlineData("0644", 420)]
    [InlineData("644", 420)]
    [InlineData("0000", 0)]
    [InlineData("0777", 511)]
    [InlineData("1777", null)]
    [InlineData("04755", null)]
    [InlineData("0648", null)]
    [InlineData("64", null)]
    [InlineData("", null)]
    [InlineData("0644\n", null)]
    [InlineData("rw-r--r--", null)]
    public void Modes_are_octal_permission_bits(string text, int? mode) => Assert.Equal(mode, FileModes.Parse(text));
}
