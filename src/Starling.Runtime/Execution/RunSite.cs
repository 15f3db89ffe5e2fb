using Starling.Runtime.Containers;

namespace Starling.Runtime.Execution;

/// <summary>On what the commands of one task run.</summary>
/// <param name="Launcher">Starts them, within walls if it has any.</param>
/// <param name="Image">The image that they run in; null: this machine's own programs.</param>
/// <param name="Engine">The container engine that runs them, where the owner prefers that; then the image is the engine's to unpack.</param>
internal sealed record RunSite(ProcessLauncher Launcher, TaskImage? Image = null, ContainerEngine? Engine = null)
{
    /// <summary>Whether commands see this machine only as far as it is shown to them.</summary>
    public bool IsWalled => Launcher.Walls is not null || Engine is not null;
}
