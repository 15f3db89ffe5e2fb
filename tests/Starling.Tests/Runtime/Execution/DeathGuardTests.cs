using System.Diagnostics;
using System.Globalization;
using System.Threading.Tasks;

namespace Starling.Tests.Runtime.Execution;

[Collection(ExecutionCollection.Name)]
public sealed class DeathGuardTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task NothingOutlivesTheProgram(bool killed)
    {
        using var folder = new TestFolder();
        string seconds = LiveProcesses.UniqueSeconds();
        using Process program = ChildProgram.Start(HeldCommands.Name, folder.Path, seconds);
        int guard = int.Parse((await program.StandardOutput.ReadLineAsync())!, CultureInfo.InvariantCulture);
        Assert.True(LiveProcesses.Become(seconds, HeldCommands.Commands * HeldCommands.SleepersPerCommand));

        if (killed)
        {
            program.Kill();
        }
        else
        {
            // Ends without cleaning up, as after an unhandled signal.
            using Process kill = Process.Start("kill", ["-TERM", program.Id.ToString(CultureInfo.InvariantCulture)]);
        }

        await program.WaitForExitAsync();
        Assert.True(LiveProcesses.Become(seconds, 0));
        Assert.True(LiveProcesses.Eventually(() => LiveProcesses.HasEnded(guard)));
    }

    [Fact]
    public async Task AProgramAroundAProgramIsCleanedUpToo()
    {
        using var folder = new TestFolder();
        string seconds = LiveProcesses.UniqueSeconds();
        string command = $"'{ChildProgram.Host}' '{typeof(DeathGuardTests).Assembly.Location}' {HeldCommands.Name} . {seconds}";
        await using (var run = new RunHarness(RunHarness.Shell(command)))
        {
            run.Runner.Start(new(1), 0, 0, 1);
            Assert.True(LiveProcesses.Become(seconds, HeldCommands.Commands * HeldCommands.SleepersPerCommand));
        }

        Assert.True(LiveProcesses.Become(seconds, 0));
    }
}
